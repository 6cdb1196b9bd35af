/** The settings that name a pixel's owner to visitors: what is accepted, stored and rejected, through the API. */
import { exports } from 'cloudflare:workers';
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { OwnerSettings } from '../../src/api/owner-settings.ts';
import { NO_OWNER } from '../../src/model/owner.ts';
import { getPixel } from '../../src/store/pixels.ts';
import { applySchema, db, makePixel } from '../fixtures.ts';
import { runs } from '../runs.ts';

beforeAll(applySchema);

const worker = (exports as unknown as { readonly default: Fetcher }).default;

function change(pixel: string, settings: unknown): Promise<Response> {
  return worker.fetch(`https://px.example.com/api/v1/pixels/${pixel}`, {
    method: 'PATCH',
    headers: { authorization: 'Bearer test-admin-token', 'content-type': 'application/json' },
    body: JSON.stringify({ settings }),
  });
}

describe('an owner', () => {
  it.each([
    ['owner_name', 'Müller & Söhne <GmbH>'],
    ['owner_name', '株式会社 "例"'],
    ['owner_name', 'x'.repeat(120)],
    ['owner_contact', 'privacy@example.com'],
    ['owner_contact', 'first.last+shop@müller.example'],
    ['owner_contact', 'https://example.com/contact?topic=privacy#form'],
    ['owner_contact', 'HTTP://example.com'],
    ['owner_policy', 'https://example.com/privacy'],
    ['owner_policy', `https://example.com/${'x'.repeat(480)}`],
  ])('is stored: %s %s', async (name, value) => {
    const { id } = await makePixel('UTC');
    const answer = await change(id, { [name]: `  ${value} ` });
    expect(await answer.json()).toMatchObject({ settings: { ...NO_OWNER, [name]: value } });
    expect((await getPixel(db, id))?.settings).toMatchObject({ ...NO_OWNER, [name]: value });
    expect((await change(id, { [name]: '' })).status).toBe(200);
    expect((await getPixel(db, id))?.settings).toMatchObject(NO_OWNER);
  });

  it.each([
    ['owner_name', 'x'.repeat(121)],
    ['owner_name', 'two\nlines'],
    ['owner_name', 'null\u0000'],
    ['owner_name', 'turned \u202eround'],
    ['owner_name', 'half \ud800'],
    ['owner_name', 7],
    ['owner_name', null],
    ['owner_contact', 'javascript:alert(1)'],
    ['owner_contact', 'java\tscript:alert(1)'],
    ['owner_contact', 'data:text/html,x'],
    ['owner_contact', 'mailto:privacy@example.com'],
    ['owner_contact', 'privacy@example.com?bcc=other@example.com'],
    ['owner_contact', 'one@example.com,two@example.com'],
    ['owner_contact', 'privacy@localhost'],
    ['owner_contact', '@example.com'],
    ['owner_contact', 'a@b@example.com'],
    ['owner_contact', 'nobody'],
    ['owner_contact', 'https://user:password@example.com'],
    ['owner_contact', '//example.com'],
    ['owner_policy', 'JavaScript:alert(1)'],
    ['owner_policy', 'javascript://example.com/%0aalert(1)'],
    ['owner_policy', 'vbscript:x'],
    ['owner_policy', 'file:///etc/passwd'],
    ['owner_policy', 'ftp://example.com'],
    ['owner_policy', 'https:example.com'],
    ['owner_policy', 'https://'],
    ['owner_policy', 'https://exa\nmple.com'],
    ['owner_policy', 'https://user@example.com'],
    ['owner_policy', 'privacy@example.com'],
    ['owner_policy', '/privacy'],
    ['owner_policy', `https://example.com/${'x'.repeat(481)}`],
  ])('is rejected, and the path says where: %s %j', async (name, value) => {
    const { id } = await makePixel('UTC', { [name]: '' });
    const answer = await change(id, { [name]: value });
    expect(answer.status).toBe(400);
    const { errors } = await answer.json<{ errors: { path: string }[] }>();
    expect(new Set(errors.map(({ path }) => path))).toEqual(new Set([`settings.${name}`]));
    expect((await getPixel(db, id))?.settings).toMatchObject(NO_OWNER);
  });

  it('is unknown for a pixel from before there were these settings', async () => {
    const { id } = await makePixel('UTC');
    await db
      .prepare(
        `UPDATE pixels SET settings = json_remove(settings, '$.owner_name', '$.owner_contact', '$.owner_policy') WHERE id = ?`,
      )
      .bind(id)
      .run();
    expect((await getPixel(db, id))?.settings).toMatchObject(NO_OWNER);
    expect((await change(id, { owner_name: 'Shop' })).status).toBe(200);
    expect((await getPixel(db, id))?.settings).toMatchObject({ ...NO_OWNER, owner_name: 'Shop' });
  });

  it('has no links but to web pages, whatever is sent', () => {
    const parts = fc.constantFrom(
      ...['http', 's', ':', '/', '//', '\t', '\n', ' ', 'java', 'script', 'JAVASCRIPT', 'data', 'mailto'],
      ...['@', '%0a', '&#58;', '?', '#', '\\', 'example.com', 'alert(1)', '\u0000', '\u202e', 'a', '.'],
    );
    const parsed = (name: keyof typeof OwnerSettings, value: string) =>
      v.safeParse(OwnerSettings[name], value);
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), (list) => {
        for (const name of ['owner_contact', 'owner_policy'] as const) {
          const { success, output } = parsed(name, list.join(''));
          if (!success || !output) continue;
          const isEmail = name === 'owner_contact' && !output.includes(':');
          const url = new URL(isEmail ? `mailto:${output}` : output);
          expect(isEmail ? ['mailto:'] : ['http:', 'https:']).toContain(url.protocol);
          if (isEmail) expect([url.search, url.hash]).toEqual(['', '']);
          expect(output).not.toMatch(/[\p{Cc}\u202e]/u);
        }
      }),
      { numRuns: runs(500, 20_000) },
    );
  });
});
