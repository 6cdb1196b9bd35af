/**
 * Writes into the text of wrangler.toml, whose comments and order stay. It knows the forms that the file has; whether the result means what
 * it should is checked by reading it (edit.ts).
 */

/** A text cannot be changed by this module. The message says which line to write by hand. */
export class EditError extends Error {}

/** The text with a route to a custom domain, as the only address. @param env the environment; '' for none */
export function withDomain(text: string, env: string, domain: string): string {
  const route = `{ pattern = "${domain}", custom_domain = true }`;
  const headed = env === '' ? text : withHeader(text, env);
  const { start, end } = sectionOf(headed, env);
  const section = headed.slice(start, end);
  const tables = new RegExp(`^\\s*\\[\\[${env === '' ? '' : `env\\.${env}\\.`}routes\\]\\]`, 'm');
  if (tables.test(headed) || /^\s*route\s*=/m.test(section)) {
    throw new EditError(`It has routes in another form. Add this one by hand: ${route}`);
  }
  const routed = withRoute(section, route);
  const changed = /^workers_dev\s*=.*$/m.test(routed)
    ? routed.replace(/^workers_dev\s*=.*$/m, 'workers_dev = false')
    : routed.replace(/^(routes\s*=)/m, 'workers_dev = false\n$1');
  return headed.slice(0, start) + changed + headed.slice(end);
}

function withRoute(section: string, route: string): string {
  const present = /^routes\s*=\s*\[/m.exec(section);
  if (present) {
    const { last, at } = endOfArray(section, present.index + present[0].length);
    const separator = last === '[' ? '' : last === ',' ? ' ' : ', ';
    return section.slice(0, at) + separator + route + section.slice(at);
  }
  const line = `routes = [${route}]`;
  // The example of the file as it is delivered.
  if (/^# routes = \[\{ pattern = .*$/m.test(section))
    return section.replace(/^# routes = \[\{ pattern = .*$/m, line);
  const workersDev = /^workers_dev\s*=/m.exec(section);
  const at = workersDev ? workersDev.index : section.trimEnd().length + 1;
  const start = section.slice(0, at);
  return `${start}${start.endsWith('\n') || start === '' ? '' : '\n'}${line}\n${section.slice(at)}`;
}

/** The last token of an array that has begun before `from`, and where it ends: comments may follow. */
function endOfArray(text: string, from: number): { readonly last: string; readonly at: number } {
  const token = /"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#.*|[^\s]/g;
  token.lastIndex = from;
  let found = { last: '[', at: from };
  let depth = 1;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [last] = match;
    if (last === '[') depth++;
    if (last === ']' && --depth === 0) return found;
    if (!last.startsWith('#')) found = { last, at: token.lastIndex };
  }
  throw new EditError('Its routes have no end.');
}

/** The keys of the top level, or of an environment's own table. */
function sectionOf(text: string, env: string): { readonly start: number; readonly end: number } {
  const header = `[env.${env}]\n`;
  const start = env === '' ? 0 : text.indexOf(header) + header.length;
  const next = /^\s*\[/m.exec(text.slice(start));
  return { start, end: next ? start + next.index : text.length };
}

/** The text with the line `[env.NAME]`, before the tables of the environment. */
function withHeader(text: string, env: string): string {
  const plain = text.replace(
    new RegExp(`^[ \\t]*\\[\\s*env\\.${env}\\s*\\][ \\t]*(#.*)?\\r?$`, 'm'),
    `[env.${env}]`,
  );
  if (plain.includes(`[env.${env}]\n`)) return plain;
  const table = new RegExp(`^\\[\\[?env\\.${env}\\.`, 'm').exec(text);
  if (!table) throw new EditError(`It has no section [env.${env}].`);
  return `${text.slice(0, table.index)}[env.${env}]\n\n${text.slice(table.index)}`;
}

/** The sections that an environment does not inherit. */
const NOT_INHERITED =
  /^\[\[?(vars|d1_databases|r2_buckets|queues\.\w+|analytics_engine_datasets|ratelimits|analytics|kv_namespaces)\]\]?$/;

/** What names a thing of the account, which two environments must not share. */
const NAMES = /^(database_name|bucket_name|queue|dead_letter_queue|dataset)(\s*=\s*)"([^"]*)"/;

/** What is another one's: ids of the account's things, and the address. */
const NOT_COPIED = /^(database_id|preview_database_id|preview_bucket_name|id|preview_id|PUBLIC_URL)\s*=/;

/** The text with an environment like the top level, whose database, queues and buckets have names of their own. */
export function withEnvironment(text: string, env: string, worker: string): string {
  const sections: string[] = [];
  let isCopied = false;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*\[/.test(line)) {
      isCopied = NOT_INHERITED.test(line.trim());
      if (isCopied) sections.push('', line.trim().replace(/^(\[\[?)/, `$1env.${env}.`));
    } else if (isCopied && line.trim() !== '' && !line.startsWith('#') && !NOT_COPIED.test(line)) {
      sections.push(line.replace(NAMES, (_, key, is, name) => `${key}${is}"${nameIn(env, name, worker)}"`));
    }
  }
  return `${text.trimEnd()}

# Another Speck, with data of its own: npm run deploy -- --env ${env}. What follows is copied from above, with other names.
[env.${env}]
routes = []
workers_dev = true
${sections.join('\n')}
`;
}

/** A name for the environment: speck-events becomes speck-staging-events, other becomes staging-other. */
function nameIn(env: string, name: string, worker: string): string {
  const [own, separator] = name.includes('_') ? [env.replaceAll('-', '_'), '_'] : ([env, '-'] as const);
  if (name === worker || name.startsWith(`${worker}${separator}`)) {
    return `${worker}${separator}${own}${name.slice(worker.length)}`;
  }
  return `${own}${separator}${name}`;
}
