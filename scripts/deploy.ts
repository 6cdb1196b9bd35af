/**
 * `npm run deploy`: brings the schema, the queues and then the Worker to Cloudflare, so that new code never meets old
 * tables. At the first deploy there is no database yet; wrangler makes it while it deploys, and the schema comes right
 * after.
 */
import { ensureQueue, queueNames } from './lib/queues.ts';
import { ended, sharedFlags, spawnWrangler } from './lib/wrangler.ts';

const USAGE = `Usage: npm run deploy [-- FLAGS]

  --dry-run  Only build the Worker and check the configuration; needs no account

Any other flag, such as --env staging, goes to \`wrangler deploy\`. Asks you to log in when it must; where nobody can
answer, set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID.`;

/** What wrangler says of a database that is in wrangler.toml but not in the account. */
const NO_DATABASE = /Couldn't find an? (auto-provisioned )?D1 DB/;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  if (args.includes('--dry-run')) return deploy(args);

  const schema = await applySchema(args);
  if (schema === 'failed') {
    console.error('\nThe schema could not be applied, so nothing was deployed: see above.');
    return 1;
  }
  // After the schema, which asks to log in where that is needed.
  if (!(await makeQueues(args))) return 1;
  if ((await deploy(args)) !== 0) {
    console.error('\nThe Worker was not deployed: see above. To try again does no harm.');
    return 1;
  }
  if (schema === 'no database' && (await applySchema(args)) !== 'applied') {
    console.error('\nThe Worker is there, but its tables are not: see above, then run npm run deploy again.');
    return 1;
  }
  console.log(nextSteps(args));
  return 0;
}

async function deploy(args: readonly string[]): Promise<number> {
  return ended(spawnWrangler(['deploy', ...args], { stdio: 'inherit' }));
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

async function applySchema(args: readonly string[]): Promise<'applied' | 'no database' | 'failed'> {
  // Only errors are read along: with its input or output elsewhere, wrangler would not ask anyone to log in.
  const child = spawnWrangler(
    ['d1', 'execute', 'DB', '--remote', '--file', 'schema.sql', '--yes', ...sharedFlags(args)],
    { stdio: ['inherit', 'inherit', 'pipe'] },
  );
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const code = await ended(child);
  if (code !== 0 && NO_DATABASE.test(errors)) {
    console.log('There is no database yet: deploying makes it.');
    return 'no database';
  }
  process.stderr.write(errors);
  return code === 0 ? 'applied' : 'failed';
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
