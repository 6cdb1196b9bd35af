/** Match keys: the fields of a network's event by which it finds the person behind it. */

/** Objects and fields of persons and clicks, in the networks' own words. */
const OF_PERSON =
  /^(?:user_?data|user|user_?ids?|user_?info|user_?properties|ad_?identifiers|event_?device_?info|client_?id|click_?id|oppref|hashes|network_?ids|clicks|ip|ip_?address|user_?agent|external_?id)$/i;

/** Whether a field is a match key, by its path, such as `user_data.em[0]`. */
export function isMatchKey(path: string): boolean {
  return path.split(/[.[\]]+/).some((part) => OF_PERSON.test(part));
}
