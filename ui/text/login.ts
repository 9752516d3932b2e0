/** Sentences of the sign-in page. */
export const loginText = {
  title: "Sign in to Isengard",
  explain: "This keeps your photos private. The easiest way in is the link that Isengard printed when it started.",
  usedTitle: "This link does not work any more",
  used: "It was used already, or is older than ten minutes. Each link signs in one browser. Get a new one, or paste the access token.",
  token: "Access token",
  tokenHint: "The token stays the same until you change it; a password manager can keep it.",
  command: "Command that prints a new link",
  commandHelp: "For a new link, run this in a terminal on the machine where Isengard runs:",
  commandElse: "It is “isengard” in the folder that you started it from. With “token” instead of “link” it prints the access token.",
  commandToken: "With “token” instead of “link” it prints the access token.",
  signIn: "Sign in",
  needToken: "Paste the access token first.",
} as const;
