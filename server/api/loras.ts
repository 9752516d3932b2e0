import { t, type Elysia } from "elysia";
import { Lora } from "../contract/lora.ts";
import { Id } from "../contract/text.ts";
import { notFound } from "../base/errors.ts";
import type { Loras } from "../library/loras.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { empty, file } from "./openapi/answers.ts";
import { oldListNames } from "./job-requests.ts";
import { IdParams } from "./http/params.ts";
import { sendFile } from "./http/send-file.ts";

const LorasQuery = t.Object({ characterId: t.Optional(Id) });

export function lorasApi({ loras }: { loras: Loras }) {
  const find = (id: string): Lora => {
    const lora = loras.get(id);
    if (lora === null) throw notFound("LoRA", id);
    return lora;
  };
  return (http: Elysia) => http
    .get("/api/loras", ({ query }) => {
      const found = loras.list(query.characterId);
      return { loras: found, totalCount: found.length };
    }, {
      ...takes({ query: LorasQuery, oldQuery: oldListNames }), ...gives({ 200: t.Object({ loras: t.Array(Lora), totalCount: t.Number() }) }),
      detail: { summary: "List LoRAs, newest first", tags: ["loras"] },
    })
    .get("/api/loras/:id", ({ params }) => find(params.id), {
      ...takes({ params: IdParams }), ...gives({ 200: Lora }), detail: { summary: "Get a LoRA", tags: ["loras"] },
    })
    .delete("/api/loras/:id", ({ params, set }) => {
      loras.remove(params.id);
      set.status = 204;
    }, { ...takes({ params: IdParams }), detail: { summary: "Delete a LoRA; its version number is not given again", tags: ["loras"], ...empty("It is deleted") } })
    .post("/api/loras/:id/restore", ({ params }) => loras.restore(params.id), {
      ...takes({ params: IdParams }), ...gives({ 200: Lora }), detail: { summary: "Bring back a LoRA that was just deleted", tags: ["loras"] },
    })
    .get("/api/loras/:id/download", ({ params, request }) => {
      const lora = find(params.id);
      const fileName = `${lora.triggerWord}-v${lora.version}.safetensors`;
      return sendFile(request, loras.file(lora), { mediaType: "application/octet-stream", fileName, attachment: true, tag: lora.sha256 });
    }, { ...takes({ params: IdParams }), detail: { summary: "The LoRA's safetensors file", tags: ["loras"], ...file("application/octet-stream") } });
}
