/** The flags of all commands that call a Speck: its address and its token. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { localToken } from './dev-vars.ts';

/** A wrong command line. The message says what is wrong. */
export class UsageError extends Error {}

/** `parseArgs` of Node. @throws UsageError */
export function parseFlags<const T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** The flags that `targetOf` reads, for `parseFlags`. */
export const TARGET_FLAGS = {
  url: { type: 'string', default: 'http://127.0.0.1:8787' },
  token: { type: 'string' },
} as const satisfies ParseArgsConfig['options'];

export interface Target {
  /** Speck's address, without a slash at the end. */
  readonly url: string;
  /** Undefined if none is given and there is no local token. */
  readonly token: string | undefined;
}

/** The local token is used only for a Speck on this machine: no other Speck should receive it. @throws UsageError */
export function targetOf(
  flags: { readonly url: string; readonly token?: string | undefined },
  environment: NodeJS.ProcessEnv,
): Target {
  const url = originOf(flags.url, '--url');
  const { SPECK_TOKEN } = environment;
  return { url, token: flags.token || SPECK_TOKEN || (isLocal(url) ? localToken() : undefined) };
}

/** The token of a target that must have one. @throws UsageError */
export function requireToken({ url, token }: Target): string {
  if (token !== undefined) return token;
  throw new UsageError(
    `No token for ${url}: say --token, or set SPECK_TOKEN${isLocal(url) ? ', or run npm start, which makes one' : ''}.`,
  );
}

/** @returns the origin, without a slash at the end. @throws UsageError if the URL is more than an origin. */
export function originOf(text: string, flag: string): string {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.pathname !== '/' || url.search !== '') {
    throw new UsageError(`${flag} ${JSON.stringify(text)} is not like https://example.com, without a path.`);
  }
  return url.origin;
}

export function isLocal(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}
