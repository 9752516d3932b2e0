import { Elysia } from "elysia";
import { AppError } from "../errors.ts";

/** In development: the address exists so that a script learns it in words. */
export function videoApi() {
  return new Elysia({ prefix: "/api/video", name: "video-api" }).post("", () => {
    throw new AppError("not_implemented", "Isengard cannot make videos yet.", { why: "Video is in development." });
  }, { detail: { summary: "Make a video (in development)", tags: ["video"] } });
}
