/** `npm run replay`: makes Speck write the events of dead letters. See `--help`. */
import { countDeadLetters, replayDeadLetters } from './lib/dead-letters-client.ts';
import { runMain } from './lib/run-main.ts';
import { parseFlags, requireToken, TARGET_FLAGS, targetOf } from './lib/target.ts';

const USAGE = `Usage: npm run replay [-- FLAGS]

Replays dead letters: batches of events that the queue gave up on after many attempts, and that Speck has stored since. Run it
after you have fixed the cause. You can replay more than once: no event is counted twice.

  --url URL      Speck's address. Default: http://127.0.0.1:8787
  --token TOKEN  The owner's token. Default: SPECK_TOKEN, or for a Speck on this machine ADMIN_TOKEN in .dev.vars

Exit code: 0 if nothing failed, 1 if something failed, 2 for a wrong command.`;

process.exitCode = await runMain({ name: 'replay', usage: USAGE, parse: parseOptions, run: replay });

interface Options {
  readonly url: string;
  readonly token: string;
}

/** @throws UsageError */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseFlags({
    args: [...args],
    options: { ...TARGET_FLAGS, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return 'help';
  const target = targetOf(values, process.env);
  return { url: target.url, token: requireToken(target) };
}

/** @returns the exit code. @throws SendError */
async function replay(options: Options): Promise<number> {
  const client = { ...options, onRetry: (message: string) => console.error(message) };
  const count = await countDeadLetters(client);
  if (count === 0) {
    console.log(`There is nothing to replay: ${options.url} has no dead letters.`);
    return 0;
  }
  let replayed = 0;
  let failed = 0;
  try {
    let after: string | null = null;
    do {
      const answer = await replayDeadLetters(after, client);
      replayed += answer.replayed;
      failed += answer.failed.length;
      for (const { id, message } of answer.failed) console.error(`${id} failed: ${message}`);
      after = answer.next;
    } while (after !== null);
  } finally {
    // Also after an interruption: the letters replayed so far are done.
    console.log(`${replayed} of ${count} dead letters replayed.`);
  }
  if (failed === 0) return 0;
  console.error(
    `${failed} failed, and are kept. Mend what their messages tell, then run the same command again.`,
  );
  return 1;
}
