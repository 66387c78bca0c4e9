// SPDX-License-Identifier: Apache-2.0
// Every command: one function and one file each, which adds it to the tree.
#pragma once

#include "cli/command.h"

namespace berth::cli {

// Below `instance`.
void AddInstanceCreate(Command& instance);
void AddInstanceList(Command& instance);
void AddInstanceGet(Command& instance);
void AddInstanceStart(Command& instance);
void AddInstanceStop(Command& instance);
void AddInstanceReboot(Command& instance);
void AddInstanceTerminate(Command& instance);
void AddInstanceResize(Command& instance);
void AddInstanceUpdate(Command& instance);
void AddInstanceInterrupt(Command& instance);
void AddInstanceConsoleLog(Command& instance);

// Below `reservation`.
void AddReservationCreate(Command& reservation);
void AddReservationList(Command& reservation);
void AddReservationGet(Command& reservation);
void AddReservationRelease(Command& reservation);

// Below `image`.
void AddImagePull(Command& image);
void AddImageImport(Command& image);
void AddImageList(Command& image);
void AddImageGet(Command& image);
void AddImageDelete(Command& image);

// Below `operation`.
void AddOperationGet(Command& operation);
void AddOperationList(Command& operation);
void AddOperationWait(Command& operation);
void AddOperationCancel(Command& operation);

// Below `node`.
void AddNodeGet(Command& node);
void AddNodeLedger(Command& node);
void AddNodeExport(Command& node);
void AddNodeHeadroom(Command& node);

// Below `ledger`.
void AddLedgerCheck(Command& ledger);
void AddLedgerExport(Command& ledger);
void AddLedgerRebuild(Command& ledger);
void AddLedgerRestore(Command& ledger);

// At the top.
void AddTypes(Command& top);
void AddEvents(Command& top);
void AddDoctor(Command& top);
void AddPlan(Command& top);

}  // namespace berth::cli
