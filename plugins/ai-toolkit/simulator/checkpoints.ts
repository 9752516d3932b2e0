import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeLooks } from "../../simulation/looks.ts";
import { readSafetensors } from "../../../server/formats/safetensors.ts";
import { type NewTensor, writeSafetensors } from "../../simulation/safetensors.ts";
import type { JobFile } from "./job-file.ts";
import { PythonError } from "./python.ts";
import type { Run } from "./run.ts";

/** A small model of the same shape: one block of each kind, 64 channels. */
const width = 64;
const falsePositives = ["_LoRA", "_refiner", "_t2i", "_cn"];

export function checkpointPath(job: JobFile, outputDir: string, step: number | null): string {
  return join(outputDir, `${job.name}${step === null ? "" : `_${String(step).padStart(9, "0")}`}.safetensors`);
}

/** The real program writes nothing of Isengard's: by `isengard_looks` the simulated ComfyUI draws the person. */
export function writeCheckpoint(job: JobFile, path: string, { step, epoch, looks }: Pick<Run, "step" | "epoch" | "looks">): void {
  const metadata: Record<string, string> = {
    name: job.name, version: job.version, format: "pt",
    software: '{"name": "ai-toolkit", "repo": "https://github.com/ostris/ai-toolkit", "version": "0.12.26"}',
    training_info: `{"step": ${step}, "epoch": ${epoch}}`,
    ss_base_model_version: "flux.1", ss_output_name: job.name,
    sshs_model_hash: new Bun.CryptoHasher("sha256").update(`${job.name} ${step}`).digest("hex"), sshs_legacy_hash: "e3b0c442",
  };
  metadata.isengard_simulated = "true";
  if (looks !== null) metadata.isengard_looks = writeLooks(looks);
  if (job.triggerWord !== null) metadata.ss_tag_frequency = JSON.stringify({ [`1_${job.triggerWord}`]: { [job.triggerWord]: 1 } });
  writeSafetensors(path, tensorsOf(job.rank), metadata, Number(Bun.hash.xxHash32(`${job.name} ${step}`)));
}

/** Keys of a FLUX.1 LoRA as the toolkit saves it; no alpha. */
export function tensorsOf(rank: number): NewTensor[] {
  const tensors: NewTensor[] = [];
  const add = (layer: string, input: number, output: number) => {
    tensors.push({ name: `transformer.${layer}.lora_A.weight`, shape: [rank, input] });
    tensors.push({ name: `transformer.${layer}.lora_B.weight`, shape: [output, rank] });
  };
  for (const part of ["attn.to_k", "attn.to_q", "attn.to_v"]) add(`single_transformer_blocks.0.${part}`, width, width);
  add("single_transformer_blocks.0.norm.linear", width, width * 3);
  add("single_transformer_blocks.0.proj_mlp", width, width * 4);
  add("single_transformer_blocks.0.proj_out", width * 5, width);
  for (const part of ["add_k_proj", "add_q_proj", "add_v_proj", "to_add_out", "to_k", "to_out.0", "to_q", "to_v"]) {
    add(`transformer_blocks.0.attn.${part}`, width, width);
  }
  for (const part of ["ff", "ff_context"]) {
    add(`transformer_blocks.0.${part}.net.0.proj`, width, width * 4);
    add(`transformer_blocks.0.${part}.net.2`, width * 4, width);
  }
  for (const part of ["norm1", "norm1_context"]) add(`transformer_blocks.0.${part}.linear`, width, width * 6);
  return tensors;
}

/** Stands in for the optimizer's state; torch files are zip archives. */
export function writeOptimizer(path: string): void {
  writeFileSync(path, Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(4096)]));
}

/** Files that go when `keep` newest stay; 0 keeps all, by the same quirk as in the real program. */
export function oldSaves(job: JobFile, outputDir: string): string[] {
  const saves = readdirSync(outputDir).filter((name) => name.startsWith(`${job.name}_`) && name.endsWith(".safetensors"));
  const byAge = saves.map((name) => join(outputDir, name)).sort((left, right) => statSync(left).ctimeMs - statSync(right).ctimeMs);
  return job.keep === 0 ? [] : byAge.slice(0, -job.keep);
}

export function removeSave(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** Whatever changed last among the names that start with the job's name, as the real program looks for it. */
export function latestSave(job: JobFile, outputDir: string): string | null {
  const names = readdirSync(outputDir).filter((name) => name.startsWith(job.name));
  const paths = names.map((name) => join(outputDir, name))
    .filter((path) => falsePositives.every((part) => job.name.includes(part) || !path.includes(part)));
  if (paths.length === 0) return null;
  return paths.reduce((newest, path) => (statSync(path).ctimeMs >= statSync(newest).ctimeMs ? path : newest));
}

/** Throws what the tensor library throws for a damaged file. */
export function loadSave(path: string): { step: number; epoch: number } | null {
  const result = readSafetensors(path);
  if (result.kind === "invalid") {
    const fault = result.why.includes("inside its header") ? "header too large" : "incomplete metadata, file not fully covered";
    throw new PythonError("safetensors._safetensors_rust.SafetensorError", `Error while deserializing header: ${fault}`);
  }
  const info = result.header.metadata.get("training_info");
  if (info === undefined) return null;
  const { step, epoch } = JSON.parse(info) as { step: number; epoch: number };
  return { step, epoch };
}
