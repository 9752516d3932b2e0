/** Sentences of the list that Ctrl+K opens. */
export const commandText = {
  title: "Go to",
  search: "Page, person, training or action",
  nothing: (search: string) => `Nothing here is called “${search}”.`,
  action: "action",
  character: "character",
  training: "training",
  actions: [["New character", "/characters?new=1"], ["Train a character", "/training/new"], ["Make pictures", "/generate"]],
} as const;
