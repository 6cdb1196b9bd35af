/** Reading the image tags of OpenAI Ads and LinkedIn, as their documentation has them. */
import { describe, expect, it } from 'vitest';
import { findEndpoint } from '../../../src/collect/wire/clients.ts';
import { endpointsOf } from '../../../src/collect/wire/endpoints.ts';
import { linkedin } from '../../../src/collect/wire/linkedin.ts';
import { openai } from '../../../src/collect/wire/openai.ts';
import { eventsOf, readingOf } from './read.ts';

describe('OpenAI', () => {
  const image = (query: string) => ({ method: 'GET', path: '/v1/sdk/events', query }) as const;
  const order = 'pid=p1&event=order_created&event_id=evt_01&data[type]=contents';

  it.each([
    ['pid=p1&event=page_viewed&data[type]=contents', { ev: '', eid: '', cd: [] }],
    [
      `${order}&data[amount]=2599&data[currency]=USD&data%5Bcontents%5D=%5B%7B%22id%22%3A%22s%22%7D%5D`,
      {
        ev: 'order_created',
        eid: 'evt_01',
        cd: [
          ['value', 25.99],
          ['currency', 'USD'],
          ['contents', '[{"id":"s"}]'],
        ],
      },
    ],
    [
      `${order}&data[amount]=2599&data[currency]=jpy`,
      {
        cd: [
          ['value', 2599],
          ['currency', 'jpy'],
        ],
      },
    ],
    [
      `${order}&data[amount]=2599&data[currency]=KWD`,
      {
        cd: [
          ['value', 2.599],
          ['currency', 'KWD'],
        ],
      },
    ],
    [
      `${order}&data[amount]=25.99&data[currency]=USD`,
      {
        cd: [
          ['amount', '25.99'],
          ['currency', 'USD'],
        ],
      },
    ],
    [`${order}&data[amount]=2599`, { cd: [['amount', '2599']] }],
    [
      `${order}&data[amount]=2599&data[currency]=%C3%A4%C3%B6%C3%BC`,
      {
        cd: [
          ['amount', '2599'],
          ['currency', 'äöü'],
        ],
      },
    ],
    [
      'pid=p1&event=custom&custom_event_name=quote_requested&data[type]=custom&data[plan_id]=pro',
      { ev: 'quote_requested', cd: [['plan_id', 'pro']] },
    ],
    ['pid=p1&event=custom', { ev: ' ' }],
    ['pid=p1', { ev: ' ' }],
    ['pid=p1&event=page_viewed&dl=https://site.example/a', { dl: 'https://site.example/a' }],
  ])('%s', async (query, event) => {
    expect(await eventsOf(openai, image(query))).toMatchObject([{ id: 'p1', key: 'openai', ...event }]);
  });

  it('needs its pixel', async () => {
    expect(await readingOf(openai, image('event=page_viewed'))).toBe('missing_id');
  });
});

describe('LinkedIn', () => {
  const image = (query: string) => ({ method: 'GET', path: '/collect', query }) as const;

  it.each([
    ['pid=4086860&fmt=gif', { ev: '', cd: [] }],
    ['pid=598434&conversionId=1106164&fmt=gif', { ev: 'conversion', cd: [['conversion_id', '1106164']] }],
  ])('%s', async (query, event) => {
    expect(await eventsOf(linkedin, image(query))).toMatchObject([{ key: 'linkedin', ...event }]);
  });

  it('shares its path with a tool whose requests have no pid', async () => {
    const find = async (query: string) =>
      (await findEndpoint(`https://px.example.com/collect/?${query}`, endpointsOf))?.GET?.format;
    expect(await find('pid=1&fmt=gif')).toBe(linkedin);
    expect(await find('sid=1&p=%2F')).not.toBe(linkedin);
  });
});
