import type { FunctionComponent } from "preact";
import type { RouteName } from "../router.ts";
import { CharacterPage } from "./CharacterPage.ts";
import { CharactersPage } from "./CharactersPage.ts";
import { GalleryPage } from "./GalleryPage.ts";
import { GeneratePage } from "./GeneratePage.ts";
import { HomePage } from "./HomePage.ts";
import { LogsPage } from "./LogsPage.ts";
import { NotFoundPage } from "./NotFoundPage.ts";
import { SettingsPage } from "./SettingsPage.ts";
import { TrainingPage } from "./TrainingPage.ts";
import { TrainingRunPage } from "./TrainingRunPage.ts";
import { TrainingStartPage } from "./TrainingStartPage.ts";
import { VideoPage } from "./VideoPage.ts";

export interface PageParams {
  params: Readonly<Record<string, string>>;
}

export const pageOf: Readonly<Record<RouteName, FunctionComponent<PageParams>>> = {
  home: HomePage,
  characters: CharactersPage,
  character: CharacterPage,
  training: TrainingPage,
  trainingNew: TrainingStartPage,
  trainingRun: TrainingRunPage,
  generate: GeneratePage,
  gallery: GalleryPage,
  logs: LogsPage,
  video: VideoPage,
  settings: SettingsPage,
  notFound: NotFoundPage,
};
