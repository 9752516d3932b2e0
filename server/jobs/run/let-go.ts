/** The server is going down, or another run of this job took over: nothing more may be written, the children live on. */
export class LetGo extends Error {
  override readonly name = "LetGo";
}
