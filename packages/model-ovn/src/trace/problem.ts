/** Thrown where a trace cannot begin: the microflow, the datapath or an option makes no sense. */
export class TraceProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TraceProblem";
  }
}
