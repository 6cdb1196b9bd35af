/**
 * `npm run deploy`: migrates the database, then creates the queues and deploys the Worker, so that new code never runs on old tables. At
 * the first deploy there is no database yet: wrangler creates it during the deploy, and the tables follow immediately.
 */
import { migrateRemote } from './lib/migrate/apply.ts';
import { ensureQueue, queueNames } from './lib/queues.ts';
import { findSecretKey, madeSecretKey, withNewSecretKey } from './lib/secret-key.ts';
import { ended, flagValue, sharedFlags, spawnWrangler } from './lib/wrangler.ts';

const USAGE = `Usage: npm run deploy [-- FLAGS]

  --dry-run  Only build the Worker and check the configuration; needs no account

Any other flag, such as --env staging, goes to \`wrangler deploy\`. If you are not logged in, it asks you to log in. Without
a terminal, set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID.`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  if (args.includes('--dry-run')) return deploy(args);

  const database = await migrateRemote(args);
  if (database === 'failed') {
    console.error(
      '\nThe database could not be migrated, so nothing was deployed: see above. To try again does no harm.',
    );
    return 1;
  }
  if (database === 'no database') console.log('There is no database yet: deploying makes it.');
  // After the migrations, since those ask to log in if necessary.
  if (!(await makeQueues(args))) return 1;
  if ((await deployWithSecret(args)) !== 0) {
    console.error('\nThe Worker was not deployed: see above. To try again does no harm.');
    return 1;
  }
  if (database === 'no database' && (await migrateRemote(args)) !== 'migrated') {
    console.error('\nThe Worker is there, but its tables are not: see above, then run npm run deploy again.');
    return 1;
  }
  console.log(nextSteps(args));
  return 0;
}

async function deploy(args: readonly string[]): Promise<number> {
  return ended(spawnWrangler(['deploy', ...args], { stdio: 'inherit' }));
}

/** Deploys, with a new SECRET_KEY if the Worker has none. With --secrets-file the owner sets the secrets. */
async function deployWithSecret(args: readonly string[]): Promise<number> {
  if (flagValue(args, '--secrets-file') !== undefined) return deploy(args);
  const state = await findSecretKey(args);
  if (state === 'failed') {
    console.error('\nWhether the Worker has its SECRET_KEY could not be looked up.');
    return 1;
  }
  if (state === 'present') return deploy(args);
  const { secret, result } = await withNewSecretKey((flags) => deploy([...args, ...flags]));
  // A deploy may fail after the Worker has been uploaded with the secret.
  if (result === 0 || (await findSecretKey(args)) === 'present') {
    console.log(madeSecretKey(secret, process.stdout.isTTY));
  }
  return result;
}

async function makeQueues(args: readonly string[]): Promise<boolean> {
  for (const name of await queueNames(args)) {
    const queue = await ensureQueue(name, args);
    if (queue === 'failed') {
      console.error(
        `\nThe queue ${name} was not found and could not be made, so the Worker was not deployed: see above. With` +
          ' CLOUDFLARE_API_TOKEN, the token needs the permission Queues: Edit. Run npm run deploy again, or take the' +
          ' queues out of wrangler.toml: Speck works without them.',
      );
      return false;
    }
    if (queue === 'made') console.log(`Made the queue ${name}.`);
  }
  return true;
}

function nextSteps(args: readonly string[]): string {
  const flags = sharedFlags(args).join(' ');
  return `
Next, unless you have done so before:

  1. Give the API its owner's token. Until then it answers 503 and shows nothing. Make one, then paste it:
       node -p "require('node:crypto').randomBytes(32).toString('base64url')"
       npx wrangler secret put ADMIN_TOKEN${flags === '' ? '' : ` ${flags}`}
  2. Open the address above with /app/ behind it, sign in with the token, and add a pixel.
  3. For an address of your own, uncomment routes in wrangler.toml and deploy again.
`;
}
