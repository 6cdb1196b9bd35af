/** `npm run doctor`: says how a Speck is set up, which limits are near, and what is wrong. See `--help`. */
import { type Configuration, customDomainOf, readConfiguration } from './lib/doctor/configuration.ts';
import { gather } from './lib/doctor/gather.ts';
import { reportOf, textOf } from './lib/doctor/report.ts';
import type { Plan } from './lib/platform-limits.ts';
import { runMain } from './lib/run-main.ts';
import { originOf, parseFlags, TARGET_FLAGS, type Target, targetOf, UsageError } from './lib/target.ts';

const USAGE = `Usage: npm run doctor [-- URL] [FLAGS]

Looks at a Speck: what is bound, at which version, which limits are near, what is wrong and what to do about it, and which
INGEST_MODE and EVENT_STORE suit its volume. It changes nothing.

  URL            Speck's address, such as https://px.example.com. Default: with --env, the domain that wrangler.toml has for
                 that environment; else the Speck on this machine, http://127.0.0.1:8787
  --token TOKEN  The owner's token. Default: SPECK_TOKEN, or for a Speck on this machine ADMIN_TOKEN in .dev.vars. Without one
                 it looks only at what anyone may see
  --env NAME     Compare with this environment of wrangler.toml
  --plan PLAN    free or paid: the Workers plan, if it cannot be told
  --json         Print an object, which docs/deploy.md describes

Exit code: 0 if nothing is wrong (a limit may be near), 1 if something is wrong or the Speck cannot be reached, 2 for a wrong
command.`;

process.exitCode = await runMain({ name: 'doctor', usage: USAGE, parse: parseOptions, run: diagnose });

async function diagnose(options: Options): Promise<number> {
  const { env, plan, json } = options;
  const { configuration, failure } = await configurationOf(env);
  const target = targetIn(options, configuration);
  const report = reportOf(await gather({ ...target, env, plan, configuration }));
  console.log(json ? JSON.stringify(report, null, 2) : textOf(report));
  if (failure !== undefined) console.error(`\nwrangler.toml was not compared: ${failure}`);
  return report.status === 'wrong' ? 1 : 0;
}

interface Options {
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly env: string | undefined;
  readonly plan: Plan | undefined;
  readonly json: boolean;
}

/** @throws UsageError */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values, positionals } = parseFlags({
    args: [...args],
    options: {
      token: TARGET_FLAGS.token,
      env: { type: 'string', short: 'e' },
      plan: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  });
  if (values.help) return 'help';
  const { token, env, plan, json = false } = values;
  if (plan !== undefined && plan !== 'free' && plan !== 'paid') {
    throw new UsageError(`--plan ${JSON.stringify(plan)} is neither free nor paid.`);
  }
  if (positionals.length > 1) throw new UsageError(`There is one URL at most: ${positionals.join(' ')}`);
  const [url] = positionals;
  return { url: url && originOf(url, 'URL'), token, env: env === '' ? undefined : env, plan, json };
}

/** The configuration of this checkout, or why it could not be read. @throws UsageError if it has no such environment. */
async function configurationOf(
  env: string | undefined,
): Promise<{ readonly configuration: Configuration | null; readonly failure?: string }> {
  let configuration: Configuration;
  try {
    configuration = await readConfiguration(env);
  } catch (error) {
    return { configuration: null, failure: error instanceof Error ? error.message : String(error) };
  }
  if (env !== undefined && !configuration.definedEnvironments?.includes(env)) {
    throw new UsageError(`wrangler.toml has no environment ${JSON.stringify(env)}.`);
  }
  return { configuration };
}

/** @throws UsageError */
function targetIn({ url, token, env }: Options, configuration: Configuration | null): Target {
  const domain = configuration ? customDomainOf(configuration) : undefined;
  if (url === undefined && env !== undefined && domain === undefined) {
    throw new UsageError(
      `The environment ${env} has no domain in wrangler.toml: give the URL of its Worker.`,
    );
  }
  const chosen = url ?? (env === undefined ? TARGET_FLAGS.url.default : `https://${domain}`);
  return targetOf({ url: chosen, token }, process.env);
}
