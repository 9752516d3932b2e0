import type { FunctionComponent } from "preact";
import type { RouteName } from "../router.ts";
import { CharacterPage } from "./CharacterPage.ts";
import { CharactersPage } from "./CharactersPage.ts";
import { GalleryPage } from "./GalleryPage.ts";
import { GeneratePage } from "./GeneratePage.ts";
import { HomePage } from "./HomePage.ts";
import { laterPage } from "./LaterPage.ts";
import { TrainingPage } from "./TrainingPage.ts";

export interface PageParams {
  params: Readonly<Record<string, string>>;
}

export const pageOf: Readonly<Record<RouteName, FunctionComponent<PageParams>>> = {
  home: HomePage,
  characters: CharactersPage,
  character: CharacterPage,
  training: TrainingPage,
  trainingNew: laterPage("TrainingStartPage", "Train a character"),
  trainingRun: laterPage("TrainingRunPage", "Training"),
  generate: GeneratePage,
  gallery: GalleryPage,
  queue: laterPage("QueuePage", "Queue"),
  logs: laterPage("LogsPage", "Logs"),
  video: laterPage("VideoPage", "Video"),
  settings: laterPage("SettingsPage", "Settings"),
  notFound: laterPage("NotFoundPage", "Page not found"),
};
