/** What every command of words of its own does alike: it helps, and says what is wrong with its words. */
import { SendError } from './api-client.ts';
import { UsageError } from './target.ts';

interface Command<Options> {
  /** As in `npm run NAME`. */
  readonly name: string;
  readonly usage: string;
  /** @throws UsageError */
  readonly parse: (args: readonly string[]) => Options | 'help';
  /** @returns the exit code. @throws UsageError, SendError */
  readonly run: (options: Options) => Promise<number>;
}

/** Runs a command with the words of this process. @returns the exit code: 2 for wrong words, 1 if Speck has refused something. */
export async function runMain<Options>({ name, usage, parse, run }: Command<Options>): Promise<number> {
  try {
    const options = parse(process.argv.slice(2));
    if (options !== 'help') return await run(options);
    console.log(usage);
    return 0;
  } catch (error) {
    if (error instanceof SendError) {
      console.error(error.message);
      return 1;
    }
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\nnpm run ${name} -- --help says more.`);
    return 2;
  }
}
