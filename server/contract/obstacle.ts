import { t } from "elysia";

/** Something that keeps work of one kind from running on this machine now. */
export const Obstacle = t.Object({
  code: t.String(), what: t.String(), why: t.String(), fix: t.String(),
  /** The page where a person gets further; null where only the machine itself can be changed. */
  href: t.Union([t.String(), t.Null()]),
});
export type Obstacle = typeof Obstacle.static;

export const Obstacles = t.Object({ training: t.Array(Obstacle), generation: t.Array(Obstacle) });
export type Obstacles = typeof Obstacles.static;
