/**
 * The images of LinkedIn's Insight Tag: one for a page view, and one for each conversion that a page names.
 * https://learn.microsoft.com/en-us/linkedin/marketing/integrations/ads-reporting/conversion-tracking
 */
import { parseFields } from '../../model/fields.ts';
import { ok } from '../../model/result.ts';
import { BLANK_EVENT, type RawEvent } from '../../model/wire.ts';
import type { WireFormat } from './format.ts';
import { gifResponse } from './gif.ts';
import { pixelNamed } from './pixel-named.ts';

export const linkedin: WireFormat = {
  routes: [{ method: 'GET', path: '/collect' }],
  limits: { bytes: 0, events: 1 },
  read: ({ query }) => ok({ events: [eventOf(parseFields(query))] }),
  answer: ({ error }) => gifResponse(error),
};

function eventOf(fields: ReadonlyMap<string, string>): RawEvent {
  const field = (name: string): string => fields.get(name) ?? '';
  const conversion = field('conversionId');
  return {
    ...BLANK_EVENT,
    ...pixelNamed('linkedin', field('pid')),
    ev: conversion === '' ? '' : 'conversion',
    // Fields of Speck's own, which an owner may add: the image says nothing of its page.
    dl: field('dl'),
    rl: field('rl'),
    cd: conversion === '' ? [] : [['conversion_id', conversion]],
  };
}
