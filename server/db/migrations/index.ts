import state0001 from "./0001_state.sql" with { type: "text" };
import state0002 from "./0002_state.sql" with { type: "text" };
import state0003 from "./0003_state.sql" with { type: "text" };
import state0004 from "./0004_state.sql" with { type: "text" };
import state0005 from "./0005_state.sql" with { type: "text" };
import state0006 from "./0006_state.sql" with { type: "text" };
import state0007 from "./0007_state.sql" with { type: "text" };
import state0008 from "./0008_state.sql" with { type: "text" };
import telemetry0001 from "./0001_telemetry.sql" with { type: "text" };

/** Forward only. Position in the list plus one is the database's `user_version`. */
export const stateMigrations: readonly string[] = [state0001, state0002, state0003, state0004, state0005, state0006, state0007, state0008];
export const telemetryMigrations: readonly string[] = [telemetry0001];
