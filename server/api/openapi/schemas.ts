import type { TSchema } from "elysia";
import { Backup, BackupList } from "../../contract/backup.ts";
import {
  ImageCapabilities,
  ParameterSpec,
  Preset,
  TrainingCapabilities,
  VideoCapabilities,
} from "../../contract/backend.ts";
import { Character, Photo } from "../../contract/character.ts";
import { ErrorBody } from "../../contract/error.ts";
import {
  Artifact,
  Failure,
  GenerationRequest,
  Job,
  JobProgress,
  MetricSeries,
  QueueView,
  TrainingRequest,
} from "../../contract/job.ts";
import { LogPage } from "../../contract/log.ts";
import { Lora } from "../../contract/lora.ts";
import { Output, OutputSettings } from "../../contract/output.ts";
import { GpuStatus, Info, ServiceStatus, Settings, SystemStatus } from "../../contract/system.ts";

/** What has a name of its own in the description, so that it stands there once. */
const named: Readonly<Record<string, TSchema>> = {
  Artifact,
  Backup,
  BackupList,
  Character,
  ErrorBody,
  Failure,
  GenerationRequest,
  GpuStatus,
  ImageCapabilities,
  Info,
  Job,
  JobProgress,
  LogPage,
  Lora,
  MetricSeries,
  Output,
  OutputSettings,
  ParameterSpec,
  Photo,
  Preset,
  QueueView,
  ServiceStatus,
  Settings,
  SystemStatus,
  TrainingCapabilities,
  TrainingRequest,
  VideoCapabilities,
};
const nameOf = new Map(Object.entries(named).map(([name, schema]) => [schema, name]));

/** Our own notes in a schema, which JSON Schema does not know. */
const ownWords: ReadonlySet<string> = new Set(["lines", "whenMissing", "whenWrong", "mayBeAbsent"]);

export type JsonSchema = { [keyword: string]: unknown };

/** `closed`: objects with other names than these are refused, as in every request. */
export function plainSchema(schema: TSchema, closed: boolean): JsonSchema {
  const name = nameOf.get(schema);
  return name === undefined ? spelledOut(schema, closed) : { $ref: `#/components/schemas/${name}` };
}

/** The named schemas themselves. Those that are sent to the server are closed. */
export function componentSchemas(): Record<string, JsonSchema> {
  const isSent = (name: string) => name.endsWith("Request");
  return Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, spelledOut(schema, isSent(name))]));
}

function spelledOut(schema: TSchema, closed: boolean): JsonSchema {
  const result: JsonSchema = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (value === undefined || ownWords.has(keyword)) continue;
    if (keyword === "properties" || keyword === "patternProperties") {
      result[keyword] = Object.fromEntries(
        Object.entries(value as Record<string, TSchema>).map(([name, inner]) => [name, plainSchema(inner, closed)]),
      );
    } else if (keyword === "anyOf") result[keyword] = (value as TSchema[]).map((inner) => plainSchema(inner, closed));
    else if (keyword === "items" && Array.isArray(value))
      result["prefixItems"] = value.map((inner: TSchema) => plainSchema(inner, closed));
    else if (keyword === "items") result[keyword] = plainSchema(value as TSchema, closed);
    else if (keyword === "additionalItems") result["items"] = value;
    else result[keyword] = value;
  }
  if (closed && result["type"] === "object" && result["patternProperties"] === undefined)
    result["additionalProperties"] = false;
  return result;
}
