/** Which fields of a network's event are match keys: what it has of the person, and nothing of the event. */
import { describe, expect, it } from 'vitest';
import { makeFakes } from '../../scripts/lib/networks/table.ts';
import { NETWORKS, type NetworkName } from '../../src/model/destination.ts';
import { fieldsOf } from '../../src/relay/attempt.ts';
import { isMatchKey } from '../../src/relay/match-keys.ts';
import { networkOf } from '../../src/relay/networks/table.ts';
import { destinationOf, NOW, PURCHASE } from './sending.ts';

async function fieldNames(name: NetworkName): Promise<string[]> {
  const network = await networkOf(name);
  const fake = makeFakes().get(name);
  if (!fake) throw new Error(`there is no fake of ${name}`);
  const access = { destination: destinationOf(fake), secret: fake.secret, now: NOW };
  const as = network.events['Purchase'] ?? '123456789';
  return fieldsOf(network, network.event({ conversion: PURCHASE, as }, access)).map((field) => field.name);
}

/** Fields of the event itself, in the words of some network. */
const OF_EVENT =
  /^(?:event|type|timestamp|action_?source|conversion(?!s?\.)|custom_?data|data\.|properties|metadata|page|url|source_url|value|currency|order_id|contents|id$|ts$)/i;

describe('match keys', () => {
  it.each(NETWORKS)('of %s are the fields of the person, and only these', async (name) => {
    const names = await fieldNames(name);
    const keys = names.filter(isMatchKey);
    expect(keys).not.toEqual([]);
    expect(keys.filter((key) => OF_EVENT.test(key))).toEqual([]);
    // Every hash is one of something that a person is known by.
    expect(
      names
        .filter((field) => /(?:email|phone|(?:^|\.)(?:em|ph)(?:_\w+)?$|external_id)/i.test(field))
        .filter((field) => !isMatchKey(field)),
    ).toEqual([]);
  });

  it('of Meta are all of its user data', async () => {
    expect((await fieldNames('meta')).filter(isMatchKey)).toEqual(
      ['em', 'ph', 'external_id', 'client_ip_address', 'client_user_agent', 'fbc', 'fbp'].map(
        (name) => `user_data.${name}`,
      ),
    );
  });
});
