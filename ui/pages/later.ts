/** One chunk of its own for the pages that are seldom the first, so that the first page stays small. */
export { CommandPalette } from "../components/frame/CommandPalette.ts";
export { LogsPage } from "./LogsPage.ts";
export { NotFoundPage } from "./NotFoundPage.ts";
export { QueuePage } from "./QueuePage.ts";
export { SettingsPage } from "./SettingsPage.ts";
export { TrainingRunPage } from "./TrainingRunPage.ts";
export { TrainingStartPage } from "./TrainingStartPage.ts";
export { VideoPage } from "./VideoPage.ts";
