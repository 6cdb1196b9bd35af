/** Documents that say what the code does are held to it. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withColumns } from '../../scripts/lib/kept.ts';
import { ROOT } from '../e2e/harness.ts';

const privacy = readFileSync(`${ROOT}/docs/privacy.md`, 'utf8');

it('docs/privacy.md tells of each column of an event; if not: npm run docs', () => {
  expect(withColumns(privacy)).toBe(privacy);
});

it('each claim of docs/privacy.md names a test that is there', () => {
  const claims = [...privacy.matchAll(/^\d\. (`test\/.*)$/gm)].map(([, text = '']) => text);
  expect(claims.length).toBe(new Set(privacy.match(/[¹²³⁴⁵⁶⁷⁸⁹]/g)).size);
  for (const claim of claims) {
    for (const [, file = '', names = ''] of claim.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)) {
      expect(existsSync(`${ROOT}/${file}`), file).toBe(true);
      const text = readFileSync(`${ROOT}/${file}`, 'utf8');
      for (const [, name = ''] of names.matchAll(/"([^"]+)"/g)) expect(text, file).toContain(`'${name}'`);
    }
  }
});
