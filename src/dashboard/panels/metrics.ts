interface Options {
  /** In the dialog of all rows, not in a panel. */
  readonly all?: boolean;
  /** A second dimension. Metrics of complete visits cannot be split by one of events. */
  readonly split?: string | null;
  /** Whether a filter names goals. Only events that reach them count then, and visits say nothing. */
  readonly hasGoal?: boolean;
}

/** The metrics of a dimension's table: few in a panel, more in the dialog of all rows. */
export function metricsOf(dimension: string, options: Options = {}): readonly string[] {
  const { all = false, split = null, hasGoal = false } = options;
  if (split?.startsWith('event:') && !dimension.startsWith('event:')) {
    return metricsOf(split, { ...options, split: null });
  }
  if (dimension === 'event:goal') {
    return all
      ? ['visitors', 'events', 'conversion_rate', 'total_revenue', 'average_revenue']
      : ['visitors', 'conversion_rate', 'total_revenue'];
  }
  if (dimension === 'event:currency') return ['events', 'total_revenue', 'average_revenue'];
  if (dimension.startsWith('person:')) {
    return all ? ['people', 'visitors', 'events', 'total_revenue'] : ['people', 'total_revenue'];
  }
  if (hasGoal) {
    return all
      ? ['visitors', 'percentage', 'events', 'group_conversion_rate']
      : ['visitors', 'group_conversion_rate'];
  }
  if (dimension === 'event:page') {
    return all
      ? ['visitors', 'percentage', 'pageviews', 'time_on_page', 'scroll_depth']
      : ['visitors', 'pageviews'];
  }
  if (dimension.startsWith('event:'))
    return all ? ['visitors', 'percentage', 'events'] : ['visitors', 'events'];
  return all
    ? ['visitors', 'percentage', 'visits', 'pageviews', 'bounce_rate', 'visit_duration']
    : ['visitors', 'percentage'];
}
