import { existsSync, realpathSync } from "node:fs";
import { DataProblem } from "../db/data-problem.ts";
import { findHolders } from "./marker.ts";
import { readHolder, readSpec } from "./records.ts";

/**
 * Raised when the files of `records.ts` change their meaning; a holder of an older server tells by it what it wrote.
 * Process ids, start times and boot id keep their place and meaning in every protocol, so that even an unknown holder can
 * be found and stopped.
 * 1: all output in one file. 2: output in segments of `segmentBytes`; usage and last output in the record of the end.
 */
export const holderProtocol = 2;

/** This one and the two before it, as far as there were two: recorded under `fixtures/protocol-<n>`. */
export const understoodProtocols: readonly number[] = [holderProtocol - 2, holderProtocol - 1, holderProtocol].filter((protocol) => protocol > 0);

/**
 * Throws when a program lives in this folder whose holder this version does not understand: it would be watched wrongly,
 * and ended when its job seems to be lost. It is left running for the version that started it.
 */
export function assertUnderstoodHolders(folder: string): void {
  const root = existsSync(folder) ? realpathSync(folder) : folder;
  for (const { dir, identity } of findHolders()) {
    if (!dir.startsWith(`${folder}/`) && !dir.startsWith(`${root}/`)) continue;
    const unknown = protocolsIn(dir).find((protocol) => !understoodProtocols.includes(protocol));
    if (unknown === undefined) continue;
    const known = understoodProtocols.join(" and ");
    throw new DataProblem("newer-program", dir, `The holder of process ${identity.pid} speaks protocol ${unknown}; this Isengard understands ${known}.`);
  }
}

/** Of whoever asked for the run and of the holder; a record without one is of no protocol that we know. */
function protocolsIn(dir: string): number[] {
  return [readSpec(dir), readHolder(dir)].filter((record) => record !== null).map(({ protocol }) => Number(protocol));
}
