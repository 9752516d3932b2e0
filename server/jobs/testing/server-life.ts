import { migrate } from "../../db/migrate.ts";
import { stateMigrations } from "../../db/migrations/index.ts";
import { openDatabase } from "../../db/open.ts";
import { ServerLife } from "../run/server-life.ts";

// One life of a server that ends in the way that a test names.
const [path = "", how = ""] = process.argv.slice(2);
const db = openDatabase(path, "FULL");
migrate(db, { name: "state", steps: stateMigrations, backupFolder: "/nowhere" });
const life = new ServerLife(db);
life.begin();
if (how === "throw") setTimeout(() => { throw new Error("nobody catches this"); }, 10);
if (how === "kill") process.kill(process.pid, "SIGKILL");
if (how === "drain") life.drained();
