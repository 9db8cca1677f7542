import { InputError, printDiagnostic } from "@hopscope/core";
import { plain } from "@hopscope/viz";
import { program } from "./program.ts";

/** Runs the command line and ends the process with 0, 1 or 2. */
async function main(): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  try {
    process.exitCode = await program(process.argv.slice(2));
  } catch (error) {
    if (error instanceof InputError) {
      for (const diagnostic of error.diagnostics) process.stderr.write(`${plain(printDiagnostic(diagnostic))}\n`);
      process.exitCode = 2;
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`hopscope: ${plain(message)}\nThis is a mistake of hopscope's own; please report it with the command you ran.\n`);
    if (process.env["HOPSCOPE_DEBUG"] !== undefined && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
    process.exitCode = 2;
  }
}

await main();
