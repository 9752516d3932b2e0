import { t } from "elysia";
import { someText } from "./text.ts";

export const Character = t.Object({
  id: t.String(),
  name: t.String(),
  description: t.String(),
  triggerWord: t.String(),
  photoCount: t.Number(),
  /** The photo shown as the face of this character, or null without photos. */
  coverPhotoId: t.Union([t.String(), t.Null()]),
  loraCount: t.Number(),
  /** Generated ones that are kept. */
  pictureCount: t.Number(),
  latestLoraId: t.Union([t.String(), t.Null()]),
  /** The job that now trains or waits to train this character. */
  activeJobId: t.Union([t.String(), t.Null()]),
  createdAt: t.String(),
  updatedAt: t.String(),
});
export type Character = typeof Character.static;

const Name = someText({ maxLength: 100, whenMissing: "Give the character a name." });
const Description = t.Optional(t.Union([t.String({ maxLength: 500, lines: true }), t.Null()]));

export const NewCharacter = t.Object({
  name: Name,
  description: Description,
  /** Absent: suggested from the name. */
  triggerWord: t.Optional(t.String({ maxLength: 50 })),
});
export type NewCharacter = typeof NewCharacter.static;

export const CharacterPatch = t.Object({
  name: t.Optional(Name),
  description: Description,
  triggerWord: t.Optional(t.String({ maxLength: 50 })),
}, { minProperties: 1 });
export type CharacterPatch = typeof CharacterPatch.static;

/** What was saved, with what a person would not expect of it; nothing is refused for that. */
export const ChangedCharacter = t.Composite([Character, t.Object({ warnings: t.Array(t.String()) })]);

/** Answer of the live check of a trigger word. */
export const TriggerCheck = t.Object({ ok: t.Boolean(), problem: t.String(), suggestion: t.String() });
export type TriggerCheck = typeof TriggerCheck.static;

/** What Isengard changed in a photo, so that the page and the trainer read the same pixels, or what it warns of. */
export const PhotoChange = t.Object({
  code: t.Union([
    t.Literal("background"), t.Literal("depth"), t.Literal("cmyk"), t.Literal("colours"), t.Literal("profile"), t.Literal("completed"), t.Literal("small"),
    t.Literal("doubtful"),
  ]),
  /** One sentence for a person. */
  text: t.String(),
});
export type PhotoChange = typeof PhotoChange.static;

export const Photo = t.Object({
  id: t.String(),
  characterId: t.String(),
  /** The name that the person's file had; for display only. */
  originalName: t.String(),
  mediaType: t.String(),
  width: t.Number(),
  height: t.Number(),
  sizeBytes: t.Number(),
  caption: t.String(),
  changes: t.Array(PhotoChange),
  /** Its file is not in the data folder: it was moved or removed outside of Isengard. */
  missing: t.Boolean(),
  url: t.String(),
  thumbnailUrl: t.String(),
  createdAt: t.String(),
});
export type Photo = typeof Photo.static;

export const PhotoPatch = t.Object({
  /** null: none. */
  caption: t.Union([t.String({ maxLength: 2000, lines: true }), t.Null()]),
});
export type PhotoPatch = typeof PhotoPatch.static;

/** What became of one uploaded file. */
export const UploadOutcome = t.Union([
  t.Object({ kind: t.Literal("added"), fileName: t.String(), photo: Photo }),
  t.Object({ kind: t.Literal("duplicate"), fileName: t.String(), photo: Photo }),
  t.Object({ kind: t.Literal("rejected"), fileName: t.String(), code: t.String(), reason: t.String() }),
]);
export type UploadOutcome = typeof UploadOutcome.static;
