/** Sentences of the sign-in page. */
export const loginText = {
  title: "Sign in to Isengard",
  explain: "This keeps your photos private. The easiest way in is the link that Isengard printed when it started.",
  token: "Access token",
  tokenHint: "To see it, run “isengard token” on the machine where Isengard runs.",
  signIn: "Sign in",
  needToken: "Paste the access token first.",
} as const;
