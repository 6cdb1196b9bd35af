/** Writes what `--env` and `--domain` ask for into wrangler.toml. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type Configuration,
  customDomainsOf,
  readConfiguration,
  readFile,
  readTopLevel,
} from './configuration.ts';
import type { Options } from './options.ts';
import { type Step, StepError } from './step.ts';
import { EditError, withDomain, withEnvironment } from './toml.ts';

/** A change of the configuration that is still to be written. */
export interface Edit {
  readonly file: string;
  readonly text: string;
  /** What it adds. */
  readonly additions: readonly string[];
}

export const editStep: Step = {
  name: 'Configuration',
  permission: null,
  would: ({ edit }) =>
    edit === undefined ? null : `Add to ${basename(edit.file)}: ${edit.additions.join('; ')}.`,
  async run({ edit, options }) {
    if (edit === undefined) return 'Nothing to add.';
    writeFileSync(edit.file, edit.text);
    const old =
      options.domain === undefined
        ? ''
        : ` The address under workers.dev ends: if pages have it in their snippets, change them, or set workers_dev = true.`;
    return `Added to ${basename(edit.file)}: ${edit.additions.join('; ')}.${old}`;
  },
};

/**
 * The configuration that the deploy has, and what has to be written for it. Nothing is written yet.
 *
 * @throws StepError if the file cannot be changed, or the environment would take what is another's
 */
export async function planConfiguration(
  options: Options,
): Promise<{ readonly configuration: Configuration; readonly edit: Edit | undefined }> {
  const { env, domain } = options;
  const top = await readTopLevel(options.args);
  const lacksEnvironment = env !== '' && !top.definedEnvironments?.includes(env);
  const present = env === '' || lacksEnvironment ? top : await readConfiguration(options.args);
  if (present !== top) refuseForeignDomains(env, present, top);
  if (!lacksEnvironment && !lacksDomain(domain, present)) return { configuration: present, edit: undefined };

  const file = present.configPath;
  const additions: string[] = [];
  if (file === undefined || !file.endsWith('.toml')) {
    throw new StepError(`Only a .toml file can be written to: change ${fileOf(present)} by hand.`);
  }
  try {
    let text = readFileSync(file, 'utf8');
    let configuration: Configuration = present;
    if (lacksEnvironment) {
      text = withEnvironment(text, env, present.topLevelName ?? 'speck');
      configuration = await meaningOf(text, env);
      additions.push(`the environment ${env}, with a database, queues and other things of its own`);
    }
    if (domain !== undefined && lacksDomain(domain, configuration)) {
      text = withDomain(text, env, domain);
      configuration = expectDomain(domain, await meaningOf(text, env), configuration);
      additions.push(`the route of ${domain}, and workers_dev = false`);
    }
    return { configuration: { ...configuration, configPath: file }, edit: { file, text, additions } };
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    throw new StepError(`${basename(file)} could not be changed, and is as it was. ${error.message}`);
  }
}

function lacksDomain(domain: string | undefined, configuration: Configuration): boolean {
  return domain !== undefined && !customDomainsOf(configuration).includes(domain);
}

/** An environment inherits routes, and with them the domain of the Worker without one. @throws StepError */
function refuseForeignDomains(env: string, configuration: Configuration, top: Configuration): void {
  const shared = customDomainsOf(configuration).filter((domain) => customDomainsOf(top).includes(domain));
  if (shared.length === 0) return;
  throw new StepError(
    `[env.${env}] has the routes of the Worker ${top.name}, so this deploy would take ${shared.join(', ')} from it. Add to [env.${env}] in` +
      ` ${fileOf(configuration)}: routes = []`,
  );
}

/** @throws EditError if the change means more or less than the domain. */
function expectDomain(domain: string, after: Configuration, before: Configuration): Configuration {
  const domains = customDomainsOf(after);
  const isRight =
    [domain, ...customDomainsOf(before)].every((one) => domains.includes(one)) &&
    after.workers_dev === false &&
    isDeepStrictEqual(withoutAddress(after), withoutAddress(before));
  if (isRight) return after;
  throw new EditError(`Add by hand: routes = [{ pattern = "${domain}", custom_domain = true }]`);
}

/** The rest of a configuration, without what depends on where its file is. */
function withoutAddress(configuration: Configuration): unknown {
  const { routes, workers_dev, configPath, ...rest } = configuration;
  const places = ['userConfigPath', 'main', 'base_dir', 'build', 'tsconfig'];
  return JSON.parse(JSON.stringify(rest, (key, value) => (places.includes(key) ? undefined : value)));
}

async function meaningOf(text: string, env: string): Promise<Configuration> {
  const directory = mkdtempSync(join(tmpdir(), 'speck-config-'));
  try {
    const config = join(directory, 'wrangler.toml');
    writeFileSync(config, text);
    return await readFile({ config, env });
  } catch (error) {
    throw new EditError(error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What messages call the file. */
export function fileOf({ configPath }: Configuration): string {
  return configPath === undefined ? 'wrangler.toml' : basename(configPath);
}
