"""OpenTelemetry: services that tell what they do as spans, put in the place of those that do not where it is asked for.

So tracing costs nothing where it is off: no call, no branch, no import.
"""
