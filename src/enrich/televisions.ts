/** Tells televisions, and the boxes and sticks that are plugged into them, from what their browsers pretend to be. */

/**
 * Words of televisions, of the platforms they share (HbbTV, CE-HTML and its NETTV, the browsers of Opera, Vewd and Espial) and of
 * what is plugged into them. `AFT` and letters is the model of a Fire TV; `AFTL` and the like with digits is in a car.
 */
const CERTAIN =
  /smart[-_ ]?tv|hbbtv|ce-html|web0s|netcast|nettv|inettv|\bviera\b|bravia|aquosb|apple ?tv|(?:android|google|opera) ?tv|\broku|crkey|chromecast|vidaa|vstvb|vewd|vizios|\bomi\/|espial|\bmi(?:tv|box)|tv[-_ ]?(?:box|stick|bro\b)| tv safari|safari\/[\d.]+ tv\b|; aft(?!l[a-z]{2}\d)\w+(?: bui|\))/i;

/**
 * Words in names of models that run Android: "TV", box, size in inches, and the most common boxes that have none of these. Phones
 * with a tuner are called TV, too, so these count only where the browser does not say `Mobile`.
 */
const LIKELY =
  /[_ -]tv\b|\b(?:stb|atv\d?)\b|(?<!x|post)box\b|\bq?led[-_ ]?\d\d|; ?(?:h96|x9[68]|x88|t95|tx\d|a95x|mxq|q96|mecool|zidoo|beelink|tanix|ugoos)|; (?:24|32|39|4\d|5\d|6[05]|7[05]|8[56])[a-z]{2}/i;

export function isTelevision(userAgent: string): boolean {
  return CERTAIN.test(userAgent) || (/android(?!.*mobile)/i.test(userAgent) && LIKELY.test(userAgent));
}
