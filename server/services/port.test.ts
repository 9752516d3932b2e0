import { expect, test } from "bun:test";
import { describePortOwner, findPortOwner, freePort } from "./port.ts";

test("P4: tells who listens on a port, and that nobody does", async () => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const port = server.port as number;
  expect(findPortOwner(port)?.pid).toBe(process.pid);
  expect(describePortOwner(port)).toMatch(new RegExp(`^bun.* \\(process ${process.pid}\\)$`));
  await server.stop(true);
  expect(describePortOwner(port)).toBeNull();
});

test("names the script and leaves out arguments, which may hold secrets", async () => {
  const port = freePort();
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/testing-service.ts`, String(port), "--token=secret"], { stdout: "pipe" });
  try {
    await child.stdout.getReader().read();
    expect(describePortOwner(port)).toMatch(new RegExp(`^bun\\S* testing-service\\.ts \\(process ${child.pid}\\)$`));
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
});

test("offers a port that can be used", async () => {
  const port = freePort();
  const server = Bun.serve({ hostname: "127.0.0.1", port, fetch: () => new Response("here") });
  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("here");
  await server.stop(true);
});
