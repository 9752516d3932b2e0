import { empty } from "./answers.ts";

export const tags = ["uploads"];

const header = (name: string, required: boolean, pattern: string) => ({
  name,
  in: "header" as const,
  required,
  schema: { type: "string" as const, pattern },
});

export const speaks = header("Tus-Resumable", true, "^1\\.0\\.0$");

export const beginDetail = {
  summary: "Begin a resumable upload (tus 1.0.0)",
  tags,
  description: "Upload-Metadata holds characterId and filename, each in base64 of UTF-8.",
  parameters: [speaks, header("Upload-Length", true, "^\\d{1,15}$"), header("Upload-Metadata", true, "")],
  responses: { 201: { description: "Begun; see Location and Upload-Offset" } },
};

export const appendDetail = {
  summary: "Send the next bytes",
  tags,
  parameters: [speaks, header("Upload-Offset", true, "^\\d{1,15}$"), header("Upload-Checksum", false, "")],
  requestBody: {
    required: true,
    content: { "application/offset+octet-stream": { schema: { type: "string" as const } } },
  },
  ...empty("Taken; see Upload-Offset"),
};
