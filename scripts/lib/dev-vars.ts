/** The owner's token of the local Worker, kept in .dev.vars as wrangler reads it. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ROOT } from './wrangler.ts';

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?ADMIN_TOKEN[ \t]*=.*$/m;

/** The token in the text of a .dev.vars file, or undefined when it has none or an empty one. */
export function adminToken(text: string): string | undefined {
  const { ADMIN_TOKEN } = parseEnv(text);
  return ADMIN_TOKEN || undefined;
}

/** The text with this token in it; everything else stays as it is. */
export function withAdminToken(text: string, token: string): string {
  if (ASSIGNMENT.test(text)) return text.replace(ASSIGNMENT, () => `ADMIN_TOKEN=${token}`);
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${start}ADMIN_TOKEN=${token}\n`;
}

/** The token of this checkout's .dev.vars, or undefined. */
export function localToken(): string | undefined {
  const file = join(ROOT, '.dev.vars');
  return existsSync(file) ? adminToken(readFileSync(file, 'utf8')) : undefined;
}

/** The token of this checkout's .dev.vars, which is made from the example, or completed, when it has none. */
export function ensureLocalToken(): { readonly token: string; readonly made: boolean } {
  const present = localToken();
  if (present !== undefined) return { token: present, made: false };
  const token = randomBytes(32).toString('base64url');
  const file = join(ROOT, '.dev.vars');
  const text = readFileSync(existsSync(file) ? file : join(ROOT, '.dev.vars.example'), 'utf8');
  // A secret is for its owner's eyes; an existing file keeps its mode.
  writeFileSync(file, withAdminToken(text, token), { mode: 0o600 });
  return { token, made: true };
}
