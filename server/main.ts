import { configKeys } from "./base/config-keys.ts";

/** The first word chooses the role; without one, or with options only, the server starts. */
const words = process.argv.slice(2);
const [first = ""] = words;

async function main(): Promise<number | null> {
  switch (first) {
    case "hold":
      if (words[1] === undefined) return complain("The command hold is one that Isengard gives itself.");
      return (await import("./process/hold.ts")).hold(words[1] ?? "");
    case "decode":
      if (words[2] === undefined) return complain("The command decode is one that Isengard gives itself.");
      return (await import("./pictures/decode-child.ts")).decodeChild(words[1] ?? "", Number(words[2]));
    case "simulate": {
      const { simulators } = await import("../plugins/registry.ts");
      const simulator = simulators[words[1] ?? ""];
      if (simulator === undefined) return complain(`There is no simulator ${words[1] ?? ""}. Known: ${Object.keys(simulators).join(", ")}.`);
      return simulator(words.slice(2));
    }
    case "version":
    case "--version":
      return print((await import("./base/identity.ts")).build);
    case "help":
    case "--help":
    case "-h":
      return print((await import("./roles/help.ts")).helpText());
    case "token":
      return (await import("./roles/token.ts")).printToken(words.slice(1));
    case "link":
      return (await import("./roles/token.ts")).printLink(words.slice(1));
    case "backup":
      return (await import("./roles/backup.ts")).backup(words.slice(1));
    case "restore":
      return (await import("./roles/restore.ts")).restore(words.slice(1));
    case "doctor": {
      const { plugins } = await import("../plugins/registry.ts");
      return (await import("./roles/doctor.ts")).doctor(words.slice(1), plugins);
    }
    default: {
      if (first !== "" && !first.startsWith("--")) return complain(`There is no command ${first}.`);
      // The first process of a container has duties that no server could do and die.
      if (process.pid === 1) return (await import("./roles/init.ts")).init(words);
      const { plugins } = await import("../plugins/registry.ts");
      return (await import("./roles/serve.ts")).serve(words, plugins);
    }
  }
}

function print(text: string): number {
  console.log(text);
  return 0;
}

function complain(text: string): number {
  console.error(`${text} isengard --help lists the commands and all ${Object.keys(configKeys).length} options.`);
  return 2;
}

// A running server answers null and ends by itself later.
const code = await main().catch(explain);
if (code !== null) process.exit(code);

async function explain(error: unknown): Promise<number> {
  const end = (await import("./roles/explain.ts")).explainEnd(error, process.env["ISENGARD_LOG_LEVEL"] === "debug");
  console.error(end.text);
  return end.code;
}
