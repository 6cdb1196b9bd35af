/** `npm run deploy`: creates what is missing, migrates the database, deploys the Worker and tests it. See `--help`. */
import { customDomainsOf } from './lib/deploy/configuration.ts';
import type { Deployment } from './lib/deploy/deployment.ts';
import { planConfiguration } from './lib/deploy/edit.ts';
import { type Options, parseOptions, USAGE } from './lib/deploy/options.ts';
import { runSteps, showSteps } from './lib/deploy/run.ts';
import { StepError } from './lib/deploy/step.ts';
import { STEPS } from './lib/deploy/steps.ts';
import { testStep } from './lib/deploy/test-step.ts';
import { addressOf, environmentFlag } from './lib/deploy/worker.ts';
import { requireToken, targetOf, UsageError } from './lib/target.ts';
import { runWrangler, withoutFlags } from './lib/wrangler.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  try {
    const options = parseOptions(args);
    const deployment = await prepare(options);
    if (options.smokeTest !== undefined) return (await runSteps([testStep], deployment)) ? 0 : 1;
    if (options.dryRun) return await dryRun(deployment);
    if (!(await runSteps(STEPS, deployment))) return 1;
    console.log(nextSteps(deployment));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof StepError)) throw error;
    console.error(error.message);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** @throws UsageError, StepError */
async function prepare(options: Options): Promise<Deployment> {
  const { smokeTest, url } = options;
  const token =
    smokeTest === undefined
      ? undefined
      : requireToken(targetOf({ url: smokeTest, token: options.token }, process.env));
  const { configuration, edit } = await planConfiguration(options);
  const own = addressOf(customDomainsOf(configuration), []);
  return { options, configuration, edit, url: smokeTest ?? url ?? own, token };
}

async function dryRun(deployment: Deployment): Promise<number> {
  const { options, edit } = deployment;
  console.log(`A dry run: this is what npm run deploy would do.\n\n${showSteps(STEPS, deployment)}\n`);
  // Wrangler reads the file as it is, and takes an environment that is not there yet for the Worker without one.
  const flags =
    edit === undefined
      ? [...environmentFlag(options), ...options.args]
      : ['--env=', ...withoutFlags(options.args, ['--env', '-e'])];
  const { code, stdout, stderr } = await runWrangler(['deploy', '--dry-run', ...flags]);
  // What wrangler prints of a build that succeeds is a list of hundreds of files.
  console.log(code === 0 ? 'The Worker can be built. Nothing was changed.' : `${stdout}${stderr}`);
  if (code !== 0) console.error('The Worker cannot be built: see above. Nothing was changed.');
  return code === 0 ? 0 : 1;
}

function nextSteps({ url, configuration, options }: Deployment): string {
  const address = url ?? 'https://YOUR-ADDRESS';
  const domain =
    customDomainsOf(configuration).length > 0
      ? ''
      : `\nFor an address of your own: ${['npm run deploy --', ...environmentFlags(options), '--domain px.example.com'].join(' ')}`;
  return `
Next: open ${address}/app/, sign in with ADMIN_TOKEN, add a pixel, and paste its snippet into your pages.${domain}
To see how it does later: SPECK_TOKEN=… npm run doctor -- ${[address, ...environmentFlags(options)].join(' ')}`;
}

function environmentFlags({ env }: Options): string[] {
  return env === '' ? [] : [`--env ${env}`];
}
