/** Seals what a batch has for advertising networks, as the rows that are stored with its events. */
import type { PlacedEvent } from '../model/batch.ts';
import { LONGEST_WAIT, REPORTED } from '../model/delivery.ts';
import type { Secrets } from '../model/secret-key.ts';
import { sealPayload } from '../relay/payload.ts';
import type { ClickRow } from '../store/clicks.ts';
import type { NewDelivery } from '../store/deliveries.ts';
import type { RelayRows } from '../store/events.ts';
import { sealClick } from '../store/sealed-clicks.ts';

/** Without a secret there are no rows, since nothing is stored unsealed. */
export async function relayRowsOf([secret]: Secrets, events: readonly PlacedEvent[]): Promise<RelayRows> {
  if (secret === undefined) return { deliveries: [], clicks: [] };
  const [deliveries, clicks] = await Promise.all([
    Promise.all(events.flatMap((placed) => deliveriesOf(secret, placed))),
    Promise.all(events.flatMap((placed) => clicksOf(secret, placed))),
  ]);
  return { deliveries, clicks };
}

function peopleOf({ event, aliases = [] }: PlacedEvent): readonly string[] {
  return event.person === '' ? [] : [event.person, ...aliases];
}

function deliveriesOf(secret: string, placed: PlacedEvent): Promise<NewDelivery>[] {
  const { event, relay } = placed;
  const conversion = relay?.conversion;
  if (!relay || !conversion) return [];
  const people = peopleOf(placed);
  return relay.routes.map(async ({ destination, network, as }) => {
    const key = { destination, name: event.name, event_id: conversion.event_id };
    return {
      ...key,
      pixel: event.pixel,
      ts: event.ts,
      id: event.id,
      person: event.person,
      visitor: event.visitor,
      sent_as: as,
      has_eid: event.eid !== '',
      reported: REPORTED[conversion.reporter],
      on_page: conversion.page_pixels.includes(network),
      expires_at: event.ts + LONGEST_WAIT,
      payload: await sealPayload(secret, key, { conversion, people }),
      people,
    };
  });
}

function clicksOf(secret: string, placed: PlacedEvent): Promise<ClickRow>[] {
  const { event, relay } = placed;
  return peopleOf(placed).flatMap((person) =>
    (relay?.clicks ?? []).map(async ([parameter, id]) => {
      const key = { pixel: event.pixel, person, parameter };
      const click = await sealClick(secret, key, { id, at: event.ts });
      return { ...key, click, at: event.ts, event: event.id };
    }),
  );
}
