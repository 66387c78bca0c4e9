// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/event_table.h"

#include "agent/ledger/retention.h"
#include "core/model/codec.h"

namespace berth {
namespace {

int64_t Millis(WallTime time) { return time.time_since_epoch().count(); }

}  // namespace

StatusOr<EventTable> EventTable::Open(Database& database) {
  EventTable table;
  BERTH_ASSIGN_OR_RETURN(table.add_,
                         database.Prepare("INSERT INTO event(revision, time, subject, kept, json) "
                                          "VALUES(?1, ?2, ?3, ?4, ?5)"));
  BERTH_ASSIGN_OR_RETURN(table.cap_,
                         database.Prepare("DELETE FROM event WHERE subject = ?1 AND number <= "
                                          "(SELECT number FROM event WHERE subject = ?1 "
                                          "ORDER BY number DESC LIMIT 1 OFFSET ?2)"));
  BERTH_ASSIGN_OR_RETURN(table.erase_, database.Prepare("DELETE FROM event WHERE subject = ?1"));
  BERTH_ASSIGN_OR_RETURN(table.trim_,
                         database.Prepare("DELETE FROM event WHERE number IN (SELECT number FROM ("
                                          "SELECT number, revision, time FROM event WHERE kept = 0 "
                                          "ORDER BY number LIMIT 5000) "
                                          "WHERE revision <= ?1 OR time < ?2)"));
  constexpr std::string_view kFind =
      "SELECT number, revision, time, subject, json FROM event WHERE number > ?1 "
      "AND revision > ?2 AND revision <= ?3 AND time >= ?4 ";
  BERTH_ASSIGN_OR_RETURN(table.find_all_,
                         database.Prepare(std::string(kFind) + "ORDER BY number LIMIT ?5"));
  BERTH_ASSIGN_OR_RETURN(
      table.find_of_one_,
      database.Prepare(std::string(kFind) + "AND subject = ?6 ORDER BY number LIMIT ?5"));
  return table;
}

Status EventTable::Add(const model::Event& event, bool of_instance) {
  BERTH_RETURN_IF_ERROR(add_.Run(event.revision, Millis(event.time), event.subject,
                                 static_cast<int64_t>(of_instance), model::Encode(event)));
  return of_instance ? cap_.Run(event.subject, kEventsPerInstance) : OkStatus();
}

Status EventTable::Erase(const std::string& subject) { return erase_.Run(subject); }

Status EventTable::Trim(int64_t newest_revision, WallTime now) {
  return trim_.Run(newest_revision - kChangesKept, Millis(now - kChangesKeptFor));
}

StatusOr<std::vector<model::Event>> EventTable::Find(const EventQuery& query) {
  Statement& find = query.subject.empty() ? find_all_ : find_of_one_;
  const auto limit = static_cast<int64_t>(query.limit);
  if (query.subject.empty())
    find.Start(query.after_number, query.after_revision, query.through_revision,
               Millis(query.since), limit);
  else
    find.Start(query.after_number, query.after_revision, query.through_revision,
               Millis(query.since), limit, query.subject);
  std::vector<model::Event> events;
  for (;;) {
    BERTH_ASSIGN_OR_RETURN(const bool more, find.Next());
    if (!more) break;
    BERTH_ASSIGN_OR_RETURN(model::Event event, model::DecodeEvent(find.Text(4)));
    event.number = find.Int(0);
    event.revision = find.Int(1);
    event.time = WallTime(Duration(find.Int(2)));
    event.subject = find.Text(3);
    events.push_back(std::move(event));
  }
  find.Reset();
  return events;
}

}  // namespace berth
