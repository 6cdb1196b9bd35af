/** Advanced matching: a user's data, of which only hashes are sent. They are made by hash.ts. */
import { type Data, flush } from './core.ts';
import { say } from './debug.ts';
import { load } from './script.ts';

/** The hashes of the user that events are of. Filled once they are made. */
export let userData: Data | undefined;

/** How many users' hashes are being made. Events wait for them, so that they keep their order. */
export let hashing = 0;

export const matchUser = async (raw: unknown): Promise<void> => {
  // Without data, too: the events of the next user must not carry the last one's.
  const hashes: Data | undefined = raw ? {} : undefined;
  userData = hashes;
  if (hashes) {
    hashing++;
    try {
      await (await load('hash')).default(hashes, raw);
    } catch (error) {
      say(error);
    }
    hashing--;
    flush();
  }
};
