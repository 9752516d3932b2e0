import type { Elysia } from "elysia";
import { AppError } from "../base/errors.ts";
import { takes } from "./input/takes.ts";

/** In development: the address exists so that a script learns it in words. */
export function videoApi() {
  return (http: Elysia) => http.post("/api/video", () => {
    throw new AppError("not_implemented", "Isengard cannot make videos yet.", { why: "Video is in development." });
  }, { ...takes({}), detail: { summary: "Make a video (in development)", tags: ["video"] } });
}
