/** How long what was deleted can be brought back. The page is told, so that its sentences and its undo say the same. */
export const keepMs = 20_000;
