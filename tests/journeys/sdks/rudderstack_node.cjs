// As a program that lives on when a batch is lost: the SDK rejects a promise of its own.
process.on('unhandledRejection', (error) => console.error('lost:', error.message))

function call(round) {
  const userId = '45'
  analytics.identify({ userId, traits: { round } })
  analytics.track({ userId, event: 'Tried', properties: { round }, timestamp: new Date('2026-01-02T03:04:05.006Z') })
  analytics.page({ userId, name: 'Book', properties: { round } })
  analytics.screen({ userId, name: 'Book', properties: { round } })
  analytics.group({ userId, groupId: 'g-1', traits: { round } })
  analytics.alias({ userId, previousId: `round-${round}` })
  // The flush after a lost batch fails for that one, and leaves its own events where they are.
  analytics.flush().catch(() => analytics.flush())
}
