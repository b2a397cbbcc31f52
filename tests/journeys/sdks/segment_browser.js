window.call = (round) => {
  analytics.identify('45', { round })
  analytics.track('Tried', { round })
  analytics.page('Books', 'Book', { round })
  analytics.screen('Books', 'Book', { round })
  analytics.group('g-1', { round })
  analytics.alias('45', `round-${round}`)
}
