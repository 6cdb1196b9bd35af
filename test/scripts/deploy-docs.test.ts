/** docs/deploy.md says what the doctor does, and what a deploy button needs is there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readConfiguration } from '../../scripts/lib/doctor/configuration.ts';
import {
  D1_EVENTS,
  DIRECT_EVENTS,
  QUEUE_EVENTS,
  STORED_EVENTS,
  UNSAMPLED_EVENTS,
} from '../../scripts/lib/doctor/modes.ts';
import { REPORT_SCHEMA } from './doctor-schema.ts';
import { ROOT } from './project.ts';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const document = read('docs/deploy.md');
const project = JSON.parse(read('package.json')) as {
  scripts: Readonly<Record<string, string>>;
  cloudflare: { bindings: Readonly<Record<string, { description: string }>> };
};

describe('docs/deploy.md', () => {
  it.each([
    `up to ${DIRECT_EVENTS} in the busiest minute`,
    `up to ${QUEUE_EVENTS.toLocaleString('en')} in the busiest minute, and ${D1_EVENTS} in its hour`,
    `about ${Math.round(STORED_EVENTS / 1e6)} million events`,
    `more than ${UNSAMPLED_EVENTS.toLocaleString('en')} events a second`,
  ])('has the threshold: %s', (text) => {
    expect(document.replaceAll(/\s+/g, ' ')).toContain(text);
  });

  it('has the fields of --json, and no other', () => {
    const table = /^\| field \| contains \|\n[\s\S]*?\n\n/m.exec(document)?.[0] ?? '';
    const fields = [...table.matchAll(/^\| (`.*?`(?:, `.*?`)*) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(fields.sort()).toEqual(Object.keys(REPORT_SCHEMA.properties).sort());
  });
});

describe('a deploy button', () => {
  it('asks for each secret of .dev.vars.example, and says what it is', () => {
    const secrets = Object.keys(parseEnv(read('.dev.vars.example')));
    expect(secrets).toContain('ADMIN_TOKEN');
    expect(Object.keys(project.cloudflare.bindings).sort()).toEqual(secrets.sort());
    for (const { description } of Object.values(project.cloudflare.bindings)) {
      expect(description).toMatch(/32 random bytes/);
    }
  });

  it('finds scripts to build and to deploy, and a database that no id ties to an account', async () => {
    expect(Object.keys(project.scripts)).toEqual(expect.arrayContaining(['build', 'deploy']));
    const { d1_databases: databases } = await readConfiguration(undefined);
    expect(databases).toEqual([expect.objectContaining({ binding: 'DB', database_name: 'speck' })]);
    expect(databases[0]).not.toHaveProperty('database_id');
  });
});
