import datetime
import sys


# Each line of the input names a round of calls.
for line in sys.stdin:
    name = line.strip()
    told = {'round': name}
    at = datetime.datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=datetime.timezone.utc)
    analytics.identify('45', told)
    analytics.track('45', 'Tried', told, timestamp=at)
    analytics.page('45', 'Books', 'Book', told)
    analytics.screen('45', 'Books', 'Book', told)
    analytics.group('45', 'g-1', told)
    analytics.alias('round-' + name, '45')
