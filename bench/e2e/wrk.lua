-- The numbers of a run of wrk, in one line: answers, bytes that came,
-- microseconds, the 99th percentile of the latency in microseconds, failures.
function done(summary, latency)
	local e = summary.errors
	io.write(string.format("bench %d %d %d %d %d\n", summary.requests,
	    summary.bytes, summary.duration, latency:percentile(99),
	    e.connect + e.read + e.write + e.timeout + e.status))
end
