/** The secrets of the local Worker, in .dev.vars, which wrangler reads. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ROOT } from './wrangler.ts';

/** ADMIN_TOKEN is the owner's token. SECRET_KEY protects the keys with which visitors and people are hashed. */
const NAMES = ['ADMIN_TOKEN', 'SECRET_KEY'] as const;
type Name = (typeof NAMES)[number];

/** A secret in the text of a .dev.vars file; undefined if it is missing or empty. */
export function secretIn(text: string, name: Name): string | undefined {
  return parseEnv(text)[name] || undefined;
}

/** The text with this secret. Everything else in it stays. */
export function withSecret(text: string, name: Name, secret: string): string {
  const assignment = new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=.*$`, 'm');
  if (assignment.test(text)) return text.replace(assignment, () => `${name}=${secret}`);
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${start}${name}=${secret}\n`;
}

/** 32 random bytes in base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** The owner's token of this checkout's .dev.vars, or undefined. */
export function localToken(): string | undefined {
  const file = join(ROOT, '.dev.vars');
  return existsSync(file) ? secretIn(readFileSync(file, 'utf8'), 'ADMIN_TOKEN') : undefined;
}

/**
 * Adds missing secrets to this checkout's .dev.vars. If there is no such file, it is copied from the example.
 *
 * @returns the owner's token, and the names of the secrets that were created.
 */
export function ensureLocalSecrets(): { readonly token: string; readonly made: readonly Name[] } {
  const file = join(ROOT, '.dev.vars');
  const before = readFileSync(existsSync(file) ? file : join(ROOT, '.dev.vars.example'), 'utf8');
  const made = NAMES.filter((name) => secretIn(before, name) === undefined);
  const text = made.reduce((all, name) => withSecret(all, name, newSecret()), before);
  // A secret is for its owner's eyes; an existing file keeps its mode.
  if (made.length > 0) writeFileSync(file, text, { mode: 0o600 });
  return { token: secretIn(text, 'ADMIN_TOKEN') as string, made };
}
