// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/error_map.h"

#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <map>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::libvirt {
namespace {

// Above every virErrorNumber of today.
constexpr int kNumbers = 256;

const std::map<int, StatusCode>& Table() {
  static const auto* table = new std::map<int, StatusCode>{
      {VIR_ERR_NO_DOMAIN, StatusCode::kNotFound},
      {VIR_ERR_DOM_EXIST, StatusCode::kAlreadyExists},
      {VIR_ERR_OPERATION_INVALID, StatusCode::kFailedPrecondition},
      {VIR_ERR_XML_ERROR, StatusCode::kInvalidArgument},
      {VIR_ERR_XML_DETAIL, StatusCode::kInvalidArgument},
      {VIR_ERR_XML_INVALID_SCHEMA, StatusCode::kInvalidArgument},
      {VIR_ERR_CONFIG_UNSUPPORTED, StatusCode::kInvalidArgument},
      {VIR_ERR_NO_MEMORY, StatusCode::kResourceExhausted},
      {VIR_ERR_OPERATION_TIMEOUT, StatusCode::kDeadlineExceeded},
      {VIR_ERR_AGENT_UNRESPONSIVE, StatusCode::kDeadlineExceeded},
      {VIR_ERR_NO_CONNECT, StatusCode::kUnavailable},
      {VIR_ERR_INVALID_CONN, StatusCode::kUnavailable},
      {VIR_ERR_RPC, StatusCode::kUnavailable},
      {VIR_ERR_SYSTEM_ERROR, StatusCode::kUnavailable},
      {VIR_ERR_AUTH_FAILED, StatusCode::kPermissionDenied},
      {VIR_ERR_AUTH_CANCELLED, StatusCode::kPermissionDenied},
      {VIR_ERR_AUTH_UNAVAILABLE, StatusCode::kPermissionDenied},
      {VIR_ERR_ACCESS_DENIED, StatusCode::kPermissionDenied},
  };
  return *table;
}

TEST(ErrorMapTest, EveryNumberOfLibvirtHasTheCodeOfTheTableElseInternal) {
  for (int number = 0; number < kNumbers; ++number) {
    const auto found = Table().find(number);
    const StatusCode wanted = found == Table().end() ? StatusCode::kInternal : found->second;
    EXPECT_EQ(CodeFor(number), wanted) << "virErrorNumber " << number;
  }
}

TEST(ErrorMapTest, NumberFromANewerLibvirtIsInternal) {
  EXPECT_EQ(CodeFor(kNumbers + 100), StatusCode::kInternal);
}

TEST(ErrorMapTest, MessageNamesTheActionFirst) {
  const Status status =
      StatusOf({VIR_ERR_NO_DOMAIN, VIR_FROM_QEMU, "Domain not found"}, "virDomainLookupByName");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "virDomainLookupByName: Domain not found");
}

TEST(ErrorMapTest, WhatTheConnectionReportsIsUnavailable) {
  for (const RawError& error :
       {RawError{VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, "End of file while reading data"},
        RawError{VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, "client socket is closed"},
        RawError{VIR_ERR_INTERNAL_ERROR, VIR_FROM_REMOTE, "closed"},
        RawError{VIR_ERR_NO_CONNECT, VIR_FROM_NONE, "no connection driver available"}}) {
    const Status status = StatusOf(error, "x");
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << error.message;
    EXPECT_EQ(ReasonOf(status), reasons::kHypervisorUnavailable);
  }
}

TEST(ErrorMapTest, SystemErrorOfTheDaemonsOwnWorkIsInternalSoThatItIsNotTriedForEver) {
  const Status status = StatusOf(
      {VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "Cannot access storage file: No such file"}, "x");
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(status), "");
}

TEST(ErrorMapTest, MissingMemoryIsInsufficientCapacityInAllTheWordsOfQemu) {
  for (const char* words :
       {"internal error: qemu: cannot set up guest memory 'pc.ram': Cannot allocate memory",
        "os_mem_prealloc: Insufficient free host memory pages available to allocate guest RAM",
        "unable to map backing store for guest RAM: Cannot allocate memory",
        "insufficient memory pages",
        "qemu_prealloc_mem: preallocating memory failed: Bad address"}) {
    const Status status = StatusOf({VIR_ERR_INTERNAL_ERROR, VIR_FROM_QEMU, words}, "x");
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << words;
    EXPECT_EQ(ReasonOf(status), reasons::kInsufficientCapacity) << words;
  }
}

TEST(ErrorMapTest, LockHeldTooLongSaysHypervisorTimeout) {
  const Status status =
      StatusOf({VIR_ERR_OPERATION_TIMEOUT, VIR_FROM_QEMU, "cannot acquire state change lock"}, "x");
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(status), reasons::kHypervisorTimeout);
}

TEST(ErrorMapTest, LastErrorIsThisThreadsOwn) {
  SilenceLibvirt();
  virResetLastError();
  EXPECT_EQ(LastErrorNumber(), 0);
  EXPECT_EQ(LastLibvirtError("x").code(), StatusCode::kInternal);
  ASSERT_EQ(virConnectOpen("nonsense:///"), nullptr);
  EXPECT_NE(LastErrorNumber(), 0);
  EXPECT_FALSE(LastLibvirtError("virConnectOpen").ok());
}

}  // namespace
}  // namespace berth::libvirt
