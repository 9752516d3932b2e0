import { Elysia } from "elysia";
import { charactersApi } from "../api/characters.ts";
import { lorasApi } from "../api/loras.ts";
import { onError } from "../api/gate/on-error.ts";
import { outputsApi } from "../api/outputs.ts";
import { photosApi } from "../api/photos.ts";
import { uploadsApi } from "../api/uploads.ts";
import { createLog } from "../base/log.ts";
import { openLibrary } from "./library.ts";

/** The library's routes on loopback, without the gate. `problems` are the log's lines: unexpected errors land there. */
export function serveLibrary() {
  const library = openLibrary();
  const problems: string[] = [];
  const app = new Elysia({ serve: { idleTimeout: 0 } })
    .use(onError(createLog({ write: (line) => problems.push(line) }, "warn")))
    .use(charactersApi(library))
    .use(photosApi(library))
    .use(uploadsApi(library))
    .use(lorasApi(library))
    .use(outputsApi(library))
    .listen({ port: 0, hostname: "127.0.0.1" });
  const port = app.server!.port!;
  return {
    ...library, problems, port, origin: `http://127.0.0.1:${port}`,
    async close() {
      await app.stop(true);
      library.close();
    },
  };
}
export type LibraryServer = ReturnType<typeof serveLibrary>;
